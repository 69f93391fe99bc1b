import type { ConnectorOption } from '@wardrobe/store-connector';

/** Names of options whose values are never shown. @source 04-remote-stores 9.3 */
const SECRET_NAMES = [
  'access_key',
  'secret_access_key',
  'passphrase',
  'password',
  'pass',
  'token',
  'client_id',
  'client_secret',
  'auth_token',
  'private_key',
  'sse_customer_key',
  'session_token',
];
export const MASK = '********';

/** Whether an option of this name is a secret: one of the known words, at its end, or what the connector says. */
export function isSecretOption(name: string, known: readonly ConnectorOption[] = []): boolean {
  const lower = name.toLowerCase();
  return known.some((option) => option.name === name && option.kind === 'secret') || SECRET_NAMES.some((word) => lower === word || lower.endsWith(`_${word}`));
}

export function maskedOptions(options: Readonly<Record<string, string>>, known: readonly ConnectorOption[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, isSecretOption(name, known) ? MASK : value]));
}

/** A location without the password that a URL may hold, for messages and records. */
export function maskedLocation(text: string): string {
  return text.replace(/^([A-Za-z0-9+.-]{2,}:(?:\/\/)?[^/@:\s]*):[^/@\s]*@/, `$1:${MASK}@`);
}

/** Arguments of a command line as they may be kept: values of secret options are masked, and passwords in locations. */
export function maskedArguments(args: readonly string[]): readonly string[] {
  return args.map((argument) => maskedLocation(argument.replace(/^((?:--[a-z-]*option=|-o)?)([A-Za-z0-9_.-]+)=(?=.)([\s\S]*)$/, maskedPair)));
}

function maskedPair(whole: string, before: string, name: string): string {
  return isSecretOption(name) ? `${before}${name}=${MASK}` : whole;
}
