import { type RestoreSummary, restoreTo } from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { isDamage } from '../failures.js';
import { namePair } from '../json.js';
import { type Reach, select } from '../select.js';
import { openStore, type Session } from '../session.js';
import { printable } from '../printable.js';

export type RestoreOptions = Reach & { readonly to: string; readonly overwrite?: boolean; readonly owners: boolean; readonly json?: boolean };

/** `restore`: what can be restored is restored and counted; damage that was hit ends with 65, anything else that failed with 1. */
export async function restore(session: Session, argument: string, options: RestoreOptions): Promise<ExitCode> {
  const repository = await openStore(session);
  const { snapshot, path } = await select(session, repository, { argument, reach: options });
  const total = Number(snapshot.header.summary.files);
  const run = restoreTo(snapshot, {
    path,
    directory: options.to,
    overwrite: options.overwrite ?? false,
    ...(options.owners ? {} : { owners: false }),
    signal: session.signal,
    onProgress: (summary) => session.terminal.progress.show('restoring files', summary.files, total > 0 ? total : null),
  });
  let code: ExitCode = EXIT.fine;
  for (;;) {
    const step = await run.next();
    if (step.done) {
      await printSummary(session, step.value, options);
      return code;
    }
    const { path: name, severity, what, error } = step.value;
    session.terminal.warn(`${printable(name.text)}: ${severity === 'error' ? 'not restored' : `restored without its ${what}`}: ${error.message}`);
    if (options.json) await session.terminal.json({ ...namePair('path', name), severity, what, code: error.code, message: error.message });
    if (isDamage(error)) code = EXIT.damaged;
    else if (severity === 'error' && code === EXIT.fine) code = EXIT.usage;
  }
}

async function printSummary(session: Session, summary: RestoreSummary, options: RestoreOptions): Promise<void> {
  session.terminal.progress.clear();
  if (options.json) return session.terminal.json({ restored: { ...summary, failed: summary.failed }, to: options.to });
  const links = summary.symlinks + summary.hardLinks;
  const failed = summary.failed > 0 ? `; ${counted(summary.failed, 'entry', 'entries')} not restored` : '';
  await session.terminal.line(
    `${counted(summary.files, 'file')} (${sizeText(summary.bytes)}), ${counted(summary.directories, 'directory', 'directories')} and ${counted(links, 'link')} restored to ${options.to}${failed}`,
  );
}
