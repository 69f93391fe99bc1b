/** Lines that decide: a table of ten rows is believed. */
const ROWS_ENOUGH = 10;

/** Whether every row has as many fields as the first, at least two, of at least two rows. Lines that start with `#` are remarks. */
export function isTable(text: string, whole: boolean, separator: string): boolean {
  const rows = new RowReader(whole ? text : withoutLastLine(text), separator);
  const header = rows.countFields();
  if (header < 2) return false;
  for (let count = 2; ; count += 1) {
    const fields = rows.countFields();
    if (fields === 0) return count > 2;
    if (fields !== header) return false;
    if (count >= ROWS_ENOUGH) return true;
  }
}

/** The last line may be cut. */
function withoutLastLine(text: string): string {
  const end = text.lastIndexOf('\n');
  return end > 0 ? text.slice(0, end) : text;
}

class RowReader {
  private place = 0;
  /** The part of the current line that is still to be read; `isCut` when an end of two characters was taken off it. */
  private line = '';
  private isCut = false;

  constructor(
    private readonly text: string,
    private readonly separator: string,
  ) {}

  /** Fields of the next row that is neither empty nor a remark; 0 behind the last. */
  countFields(): number {
    if (!this.findRow()) return 0;
    for (let fields = 1; ; fields += 1) {
      const isLast = this.line.startsWith('"') ? this.skipQuoted() : this.skipPlain();
      if (isLast) return fields;
    }
  }

  private findRow(): boolean {
    for (;;) {
      const isAtEnd = this.place >= this.text.length;
      this.readLine();
      const isEmpty = this.line === '' || this.line === '\n';
      if (!isEmpty && !this.line.startsWith('#')) return true;
      if (isAtEnd) return false;
    }
  }

  private readLine(): void {
    const found = this.text.indexOf('\n', this.place);
    const end = found < 0 ? this.text.length : found + 1;
    const line = this.text.slice(this.place, end);
    this.place = end;
    this.isCut = line.endsWith('\r\n');
    this.line = this.isCut ? line.slice(0, -2) : line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  /** True at the last field of a row. */
  private skipPlain(): boolean {
    const found = this.line.indexOf(this.separator);
    this.line = this.line.slice(found + 1);
    return found < 0;
  }

  /** A field in quotes may go on over lines; a quote within stands doubled, or alone before any other character. */
  private skipQuoted(): boolean {
    this.line = this.line.slice(1);
    for (;;) {
      const found = this.line.indexOf('"');
      if (found >= 0) {
        this.line = this.line.slice(found + 1);
        if (this.line.startsWith('"')) this.line = this.line.slice(1);
        else if (this.line.startsWith(this.separator)) {
          this.line = this.line.slice(1);
          return false;
        } else if (this.line === '' || this.line === '\n') return true;
      } else if (this.line !== '' || this.isCut) this.readLine();
      else return true;
    }
  }
}
