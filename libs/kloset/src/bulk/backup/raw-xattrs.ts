import { spawnSync } from 'node:child_process';
import type { ByteText } from './byte-text.js';
import { errnoText } from './system-errors.js';

/** Attributes of one path by name; `error`: they cannot be listed. An inner `error`: that value cannot be read. */
export type RawXattrs = { readonly values: ReadonlyMap<ByteText, { readonly value: Uint8Array } | { readonly error: string }> } | { readonly error: string };

/** Programs that can ask, in the order in which they are tried: one that is missing, or does not know the way here, leaves it to the next. */
export type RawXattrProgram = 'python3' | 'perl';
const PROGRAMS: readonly RawXattrProgram[] = ['python3', 'perl'];

/** llistxattr and lgetxattr of Linux, which Perl has to call by their numbers. */
const SYSTEM_CALLS: Readonly<Record<string, readonly [string, string]>> = { x64: ['195', '192'], arm64: ['12', '9'] };

/**
 * Paths come with a zero byte behind each. The answer is a line for each: `E13`, or `L` and ` name=value` for each attribute in hex; a value that cannot be
 * read is `E` and the number of the error.
 */
const PYTHON = `
import os, sys
out = sys.stdout
for path in sys.stdin.buffer.read().split(b"\\0")[:-1]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        out.write("E%d\\n" % error.errno)
        continue
    out.write("L")
    for name in map(os.fsencode, names):
        try:
            value = os.getxattr(path, name, follow_symlinks=False).hex()
        except OSError as error:
            value = "E%d" % error.errno
        out.write(" %s=%s" % (name.hex(), value))
    out.write("\\n")
`;

/** The same. */
const PERL = `
my ($list, $get) = ($ARGV[0] + 0, $ARGV[1] + 0);
binmode STDIN;
$/ = "\\0";
while (my $path = <STDIN>) {
  my $names = "\\0" x 65536;
  my $length = syscall($list, $path, $names, 65536);
  if ($length < 0) { print "E", $! + 0, "\\n"; next; }
  print "L";
  for my $name (split /\\0/, substr($names, 0, $length)) {
    my $value = "\\0" x 65536;
    my $key = "$name\\0";
    my $size = syscall($get, $path, $key, $value, 65536);
    print " ", unpack("H*", $name), "=", $size < 0 ? "E" . ($! + 0) : unpack("H*", substr($value, 0, $size));
  }
  print "\\n";
}
`;

const OUTPUT_LIMIT_BYTES = 512 << 20;

/**
 * Attributes of paths that are not UTF-8, and attributes whose names are not: neither Node nor its native modules can ask for them. Python can, and Perl; nearly
 * every Linux has one of them. Null where both are missing.
 */
export function readRawXattrs(paths: readonly ByteText[], programs: readonly RawXattrProgram[] = PROGRAMS): ReadonlyMap<ByteText, RawXattrs> | null {
  if (process.platform !== 'linux') return null;
  for (const program of programs) {
    const found = ask(program, paths);
    if (found !== null) return found;
  }
  return null;
}

function ask(program: RawXattrProgram, paths: readonly ByteText[]): ReadonlyMap<ByteText, RawXattrs> | null {
  const words = wordsOf(program);
  if (words === null) return null;
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
  const run = spawnSync(program, words, { input, maxBuffer: OUTPUT_LIMIT_BYTES, stdio: ['pipe', 'pipe', 'ignore'] });
  if (run.error !== undefined || run.status !== 0) return null;
  const lines = run.stdout.toString('latin1').split('\n');
  if (lines.length !== paths.length + 1) return null;
  return new Map(paths.map((path, index) => [path, parseLine(lines[index] as string)]));
}

/** Python without the settings and packages of whoever runs it. */
function wordsOf(program: RawXattrProgram): readonly string[] | null {
  if (program === 'python3') return ['-I', '-S', '-c', PYTHON];
  const calls = SYSTEM_CALLS[process.arch];
  return calls === undefined ? null : ['-e', PERL, ...calls];
}

const ENOTSUP = 95;

function parseLine(line: string): RawXattrs {
  const failed = errnoOfWord(line);
  if (failed !== null) return failed === ENOTSUP ? { values: new Map() } : { error: errnoText(failed) };
  const values = new Map<ByteText, { readonly value: Uint8Array } | { readonly error: string }>();
  for (const word of line.split(' ').slice(1)) {
    const [name = '', value = ''] = word.split('=');
    const errno = errnoOfWord(value);
    values.set(Buffer.from(name, 'hex').toString('latin1'), errno === null ? { value: Buffer.from(value, 'hex') } : { error: errnoText(errno) });
  }
  return { values };
}

function errnoOfWord(word: string): number | null {
  return word.startsWith('E') ? Number(word.slice(1)) : null;
}
