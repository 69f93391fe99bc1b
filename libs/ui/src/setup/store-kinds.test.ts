import type { StoreKindDto } from '@wardrobe/contracts';
import { describe, expect, it } from 'vitest';
import { kindOfLocation, wholeLocation } from './store-kinds.js';

const kind = (name: string, schemes: string[] = [name]): StoreKindDto => ({ name, title: name, description: '', schemes, example: '', options: [] });
const kinds = [kind('fs'), kind('s3'), kind('http', ['http', 'https']), kind('ptar')];
const named = (name: string): StoreKindDto | null => kinds.find((one) => one.name === name) ?? null;

describe('kinds of stores', () => {
  it.each([
    ['/srv/x', 'fs'],
    ['s3://host/bucket', 's3'],
    ['https://host', 'http'],
    ['host/bucket', undefined],
    ['tape:x', undefined],
    ['', undefined],
  ])('the location %j is of the kind %s', (location, name) => {
    expect(kindOfLocation(kinds, location)?.name).toBe(name);
  });

  it.each([
    ['s3', 'host:9000/bucket', 's3://host:9000/bucket'],
    ['s3', 's3://host/bucket', 's3://host/bucket'],
    ['http', 'https://host', 'https://host'],
    ['ptar', '/srv/x.ptar', 'ptar:/srv/x.ptar'],
    ['fs', ' /srv/x ', '/srv/x'],
    ['s3', '', ''],
  ])('a %s at %j is %j', (name, location, whole) => {
    expect(wholeLocation(named(name), location)).toBe(whole);
  });
});
