/** Files in and out, and the clipboard. */
import { checkFileSize } from './link';

/** A name of a scenario as the stem of a file. */
export const stem = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '') || 'scenario';

/** Offers a file for download. */
export function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const saveToml = (name: string, toml: string): void =>
  save(`${name}.toml`, new Blob([toml], { type: 'application/toml' }));

/** @throws Error when the file is too large or is not text. */
export async function read(file: File): Promise<string> {
  checkFileSize(file.name, file.size);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is not a text file: a scenario is UTF-8 text`);
  }
}

/** True when the text is in the clipboard; without permission it is not. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
