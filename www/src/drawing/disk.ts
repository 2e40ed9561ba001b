import type { FileKind, FileView } from '../core/core';

const GROUPS: { name: string; kinds: FileKind[] }[] = [
  { name: 'Write-ahead log', kinds: ['segment'] },
  { name: 'Snapshots', kinds: ['snapshot', 'temporary'] },
  { name: 'Set aside', kinds: ['quarantine'] },
  { name: 'Others', kinds: ['other'] },
];

/** Files by what they are; groups without any are left out. */
export function grouped(files: readonly FileView[]): { name: string; files: FileView[] }[] {
  return GROUPS.map(({ name, kinds }) => ({
    name,
    files: files.filter((file) => kinds.includes(file.kind)),
  })).filter((group) => group.files.length > 0);
}

/** The lowest and the highest index that a file speaks of. */
export function extent(file: FileView): [number, number] | undefined {
  if (file.entries) return [file.entries[0], file.entries[1]];
  const covered = file.kind === 'snapshot' ? /^snapshot-0*(\d+)-/.exec(file.name) : null;
  return covered ? [1, Number(covered[1])] : undefined;
}
