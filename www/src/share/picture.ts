/**
 * A drawing of the page as a picture of its own: every style becomes an attribute, so that it
 * looks the same in any viewer and carries no style sheet, font or link.
 */
import { drawn, SvgPen } from '../drawing/pen';

/** What SVG 1.1 knows as an attribute, of what the page's style sheets set. */
const STYLES = [
  'fill-opacity',
  'fill',
  'stroke-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-dashoffset',
  'stroke-linecap',
  'stroke-linejoin',
  'paint-order',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'letter-spacing',
  'text-anchor',
  'dominant-baseline',
  'visibility',
] as const;
const COLOURS: readonly string[] = ['fill', 'stroke'];
/** What these are unless somebody says otherwise, so that it need not be said. */
const USUAL: Readonly<Record<string, string>> = {
  fill: 'rgb(0, 0, 0)',
  'fill-opacity': '1',
  stroke: 'none',
  'stroke-opacity': '1',
  'stroke-width': '1px',
  'stroke-dasharray': 'none',
  'stroke-dashoffset': '0px',
  'stroke-linecap': 'butt',
  'stroke-linejoin': 'miter',
  'paint-order': 'normal',
  opacity: '1',
  'font-style': 'normal',
  'letter-spacing': 'normal',
  'text-anchor': 'start',
  'dominant-baseline': 'auto',
  visibility: 'visible',
};
const SVG = 'http://www.w3.org/2000/svg';
/** Pixels of a PNG for each pixel of the drawing. */
const SHARP = 2;

/** The drawing that is open now: the first one that is marked as one and can be seen. */
export function drawing(): SVGSVGElement | HTMLCanvasElement | undefined {
  const all = document.querySelectorAll('[data-picture]');
  for (const one of all) {
    const real = one instanceof SVGSVGElement || one instanceof HTMLCanvasElement;
    if (real && one.getBoundingClientRect().width > 0) return one;
  }
  return undefined;
}

/** The drawing as the text of an SVG file, in the colours of the theme shown. */
export function svgText(shown: SVGSVGElement | HTMLCanvasElement, title: string): string {
  const { width, height } = shown.getBoundingClientRect();
  const copy = document.createElementNS(SVG, 'svg');
  if (shown instanceof HTMLCanvasElement) drawn.get(shown)?.(new SvgPen(copy, hex));
  else copy.append(...[...shown.children].flatMap((child) => plain(child) ?? []));
  const [w, h] = [Math.round(width), Math.round(height)];
  copy.setAttribute('xmlns', SVG);
  copy.setAttribute('width', String(w));
  copy.setAttribute('height', String(h));
  copy.setAttribute('viewBox', shown.getAttribute('viewBox') ?? `0 0 ${w} ${h}`);
  const ground = document.createElementNS(SVG, 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', hex(groundOf(shown)).colour);
  const name = document.createElementNS(SVG, 'title');
  name.textContent = title;
  copy.prepend(name, ground);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

/** The drawing as a PNG, twice as fine as on a plain screen. */
export async function png(shown: SVGSVGElement | HTMLCanvasElement, title: string): Promise<Blob> {
  const { width, height } = shown.getBoundingClientRect();
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * SHARP);
  canvas.height = Math.round(height * SHARP);
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('this browser draws no pictures');
  pen.fillStyle = hex(groundOf(shown)).colour;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(await image(svgText(shown, title)), 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
  if (blob === null) throw new Error('this browser could not write the picture');
  return blob;
}

async function image(svg: string): Promise<HTMLImageElement> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    return picture;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** An element with everything in it, without what only a page knows; undefined when unseen. */
function plain(shown: Element): Element | undefined {
  const style = getComputedStyle(shown);
  if (shown.namespaceURI !== SVG || style.display === 'none') return undefined;
  const copy = document.createElementNS(SVG, shown.localName);
  for (const { name, value } of shown.attributes) {
    if (GEOMETRY.test(name) && !STYLES.some((known) => known === name)) {
      copy.setAttribute(name, value);
    }
  }
  if (!copy.hasAttribute('transform') && style.transform !== 'none') {
    copy.setAttribute('transform', style.transform);
  }
  const writes = shown.localName === 'text' || shown.localName === 'tspan';
  for (const name of STYLES) {
    const value = style.getPropertyValue(name);
    if (!writes && /^(font|letter|text|dominant)/.test(name)) continue;
    if (COLOURS.includes(name) && value !== 'none') colour(copy, name, value);
    else if (value !== '' && value !== USUAL[name]) copy.setAttribute(name, value);
  }
  for (const child of shown.childNodes) {
    if (child instanceof Text) copy.append(child.data);
    else if (child instanceof Element) copy.append(...[plain(child) ?? []].flat());
  }
  return copy;
}

/** Attributes that say where something is; all others are the page's own business. */
const GEOMETRY =
  /^(x|y|x1|y1|x2|y2|cx|cy|r|rx|ry|d|dx|dy|width|height|points|transform|pathLength|viewBox|preserveAspectRatio)$/;

function colour(copy: Element, name: string, value: string): void {
  const { colour: found, alpha } = hex(value);
  if (found !== '#000000' || name !== 'fill') copy.setAttribute(name, found);
  if (alpha >= 1) return;
  const opacity = Number(copy.getAttribute(`${name}-opacity`) ?? 1) * alpha;
  copy.setAttribute(`${name}-opacity`, String(Number(opacity.toFixed(4))));
}

const seen = new Map<string, { colour: string; alpha: number }>();

/** Any colour that a style sheet can say, as one that any viewer of SVG knows. */
function hex(value: string): { colour: string; alpha: number } {
  const known = seen.get(value);
  if (known !== undefined) return known;
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  if (pen === null) return { colour: '#000000', alpha: 1 };
  pen.fillStyle = value;
  pen.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, a = 255] = pen.getImageData(0, 0, 1, 1).data;
  const digits = [r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('');
  const found = { colour: `#${digits}`, alpha: a / 255 };
  seen.set(value, found);
  return found;
}

/** What can be seen behind an element. */
function groundOf(shown: Element): string {
  for (let at: Element | null = shown; at !== null; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!/^(transparent|rgba\(0, 0, 0, 0\))$/.test(backgroundColor)) return backgroundColor;
  }
  return 'white';
}
