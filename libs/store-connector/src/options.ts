import type { ConnectorOption } from './connector.js';
import { InvalidInputError } from './errors.js';

const TRUE = new Set(['1', 't', 'true']);
const FALSE = new Set(['0', 'f', 'false']);

/**
 * The options given, with defaults, after a look at each: unknown names, missing required ones, words outside of a choice and numbers that are none
 * are refused with a sentence. Secrets never stand in it.
 * @throws InvalidInputError
 */
export function checkOptions(connector: string, known: readonly ConnectorOption[], given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const byName = new Map(known.map((option) => [option.name, option]));
  for (const name of Object.keys(given)) {
    if (!byName.has(name))
      throw new InvalidInputError(`connector '${connector}' has no option '${name}'. It has: ${known.map((option) => option.name).join(', ') || 'none'}`);
  }
  const checked: Record<string, string> = {};
  for (const option of known) {
    const value = given[option.name] ?? option.default;
    if (value === undefined || value === '') {
      if (option.required === true) throw new InvalidInputError(`connector '${connector}' needs the option '${option.name}': ${option.help}`);
      continue;
    }
    checked[option.name] = checkValue(connector, option, value);
  }
  return checked;
}

function checkValue(connector: string, option: ConnectorOption, value: string): string {
  const refuse = (expected: string): never => {
    throw new InvalidInputError(`option '${option.name}' of connector '${connector}' must be ${expected}`);
  };
  if (option.kind === 'boolean') {
    const word = value.toLowerCase();
    return TRUE.has(word) ? 'true' : FALSE.has(word) ? 'false' : refuse('true or false');
  }
  if (option.kind === 'number' && !/^\d{1,9}$/.test(value)) return refuse('a whole number');
  if (option.kind === 'choice')
    return option.choices?.find((choice) => choice.toLowerCase() === value.toLowerCase()) ?? refuse(`one of ${option.choices?.join(', ')}`);
  return value;
}
