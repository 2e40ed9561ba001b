/**
 * A pen with the ways of a canvas that writes SVG: what is drawn on a canvas can be drawn again as a
 * picture made of lines. It knows what the page's drawings use, and no more.
 */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'lineCap'
  | 'lineJoin'
  | 'globalAlpha'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
  | 'clearRect'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'closePath'
  | 'rect'
  | 'arc'
  | 'clip'
  | 'fillRect'
  | 'fillText'
  | 'strokeText'
  | 'measureText'
  | 'setLineDash'
  | 'save'
  | 'restore'
> & {
  // A path of its own is nothing that is used.
  fill: () => void;
  stroke: () => void;
};

/** What is drawn on a canvas, to be drawn again by another pen. */
export const drawn = new WeakMap<HTMLCanvasElement, (pen: Pen) => void>();

const SVG = 'http://www.w3.org/2000/svg';
const ANCHORS: Partial<Record<CanvasTextAlign, string>> = { center: 'middle', right: 'end' };
const short = (value: number): string => String(Number(value.toFixed(2)));

export class SvgPen implements Pen {
  fillStyle = '#000000';
  strokeStyle = '#000000';
  lineWidth = 1;
  lineCap: CanvasLineCap = 'butt';
  lineJoin: CanvasLineJoin = 'miter';
  globalAlpha = 1;
  font = '10px sans-serif';
  textAlign: CanvasTextAlign = 'start';
  textBaseline: CanvasTextBaseline = 'alphabetic';
  #path = '';
  #dash: number[] = [];
  /** Where it draws: the drawing, or the part of it that is clipped. */
  #into: Element;
  readonly #drawing: Element;
  readonly #colour: (value: string) => { colour: string; alpha: number };
  readonly #measure = new OffscreenCanvas(1, 1).getContext('2d');

  constructor(drawing: Element, colour: (value: string) => { colour: string; alpha: number }) {
    this.#drawing = drawing;
    this.#into = drawing;
    this.#colour = colour;
  }

  beginPath = (): void => {
    this.#path = '';
  };
  moveTo = (x: number, y: number): void => {
    this.#path += `M${short(x)} ${short(y)}`;
  };
  lineTo = (x: number, y: number): void => {
    this.#path += `${this.#path === '' ? 'M' : 'L'}${short(x)} ${short(y)}`;
  };
  closePath = (): void => {
    this.#path += 'Z';
  };
  rect = (x: number, y: number, width: number, height: number): void => {
    this.#path += `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`;
  };
  /** Whole circles only. */
  arc = (x: number, y: number, radius: number): void => {
    const [r, across] = [short(radius), short(2 * radius)];
    this.#path += `M${short(x - radius)} ${short(y)}a${r} ${r} 0 1 1 ${across} 0a${r} ${r} 0 1 1 -${across} 0`;
  };
  setLineDash = (dash: Iterable<number>): void => {
    this.#dash = [...dash];
  };
  clearRect = (): void => undefined;
  save = (): void => undefined;
  restore = (): void => {
    this.#into = this.#drawing;
  };

  clip = (): void => {
    const [id, inner] = ['clip', this.#element('clipPath', this.#drawing)];
    inner.setAttribute('id', id);
    this.#element('path', inner).setAttribute('d', this.#path);
    this.#into = this.#element('g', this.#drawing);
    this.#into.setAttribute('clip-path', `url(#${id})`);
  };
  fill = (): void => {
    if (this.#path === '') return;
    const path = this.#element('path');
    path.setAttribute('d', this.#path);
    this.#paint(path, 'fill', this.fillStyle);
  };
  stroke = (): void => {
    if (this.#path === '') return;
    const path = this.#element('path');
    path.setAttribute('d', this.#path);
    path.setAttribute('fill', 'none');
    this.#line(path);
  };
  fillRect = (x: number, y: number, width: number, height: number): void => {
    this.beginPath();
    this.rect(x, y, width, height);
    this.fill();
  };
  fillText = (text: string, x: number, y: number): void =>
    this.#paint(this.#text(text, x, y), 'fill', this.fillStyle);
  strokeText = (text: string, x: number, y: number): void => {
    const written = this.#text(text, x, y);
    written.setAttribute('fill', 'none');
    this.#line(written);
  };
  measureText = (text: string): TextMetrics => {
    if (this.#measure === null) throw new Error('this browser measures no text');
    this.#measure.font = this.font;
    return this.#measure.measureText(text);
  };

  #element(name: string, into = this.#into): Element {
    const element = document.createElementNS(SVG, name);
    into.append(element);
    return element;
  }

  #paint(element: Element, name: 'fill' | 'stroke', value: string): void {
    const { colour, alpha } = this.#colour(value);
    element.setAttribute(name, colour);
    const opacity = alpha * this.globalAlpha;
    if (opacity < 1) element.setAttribute(`${name}-opacity`, short(opacity));
  }

  #line(element: Element): void {
    this.#paint(element, 'stroke', this.strokeStyle);
    element.setAttribute('stroke-width', short(this.lineWidth));
    if (this.lineCap !== 'butt') element.setAttribute('stroke-linecap', this.lineCap);
    if (this.lineJoin !== 'miter') element.setAttribute('stroke-linejoin', this.lineJoin);
    if (this.#dash.length > 0) element.setAttribute('stroke-dasharray', this.#dash.join(' '));
  }

  #text(text: string, x: number, y: number): Element {
    const [, weight, size, family] = /^(?:(bold|\d+) )?([\d.]+px) (.*)$/.exec(this.font) ?? [];
    const written = this.#element('text');
    written.textContent = text;
    written.setAttribute('x', short(x));
    written.setAttribute('y', short(y));
    written.setAttribute('font-size', size ?? '12px');
    written.setAttribute('font-family', family ?? 'sans-serif');
    if (weight !== undefined) written.setAttribute('font-weight', weight);
    const anchor = ANCHORS[this.textAlign];
    if (anchor !== undefined) written.setAttribute('text-anchor', anchor);
    if (this.textBaseline === 'middle') written.setAttribute('dominant-baseline', 'central');
    return written;
  }
}
