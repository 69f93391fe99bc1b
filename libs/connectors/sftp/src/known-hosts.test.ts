import { describe, expect, it } from 'vitest';
import { fingerprint, hostKeyType, judgeHostKey, knownHostName, knownTypes, parseKnownHosts } from './known-hosts.js';

const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIBJldOP69LztCJBUHuRQ0Om55izizWaa7wbgdTfHxDhJ';
const OTHER = 'AAAAC3NzaC1lZDI1NTE5AAAAIBJldOP69LztCJBUHuRQ0Om55izizWaa7wbgdTfHxDhK';
const shown = Buffer.from(KEY, 'base64');
const rsa = Buffer.concat([Buffer.of(0, 0, 0, 7), Buffer.from('ssh-rsa'), Buffer.alloc(40, 1)]);
/** As `ssh-keygen -H` wrote them, for the plain port and for 2222. */
const HASHED = `|1|0l3mb+APOXegrvnHSCOXJ05+9dc=|1yRYT6qbb/YlG7lFIT5TLPVA2K8= ssh-ed25519 ${KEY}
|1|e90LJdhgRnZ0PR/SNlOzvBB5ZNE=|g/vf1/3HKg4e7XYKq3VnNEM7DxA= ssh-ed25519 ${KEY}`;

const judge = (text: string, name: string, key: Uint8Array = shown) => judgeHostKey(parseKnownHosts(text, 'known'), name, key);

describe('known hosts', () => {
  it.each([
    [`nas ssh-ed25519 ${KEY}`, 'nas'],
    [`NAS,other ssh-ed25519 ${KEY} a comment`, 'nas'],
    [`# nothing\n\n  *.example.org\tssh-ed25519 ${KEY}`, 'nas.example.org'],
    [`na? ssh-ed25519 ${KEY}`, 'nas'],
    [`[nas]:2222 ssh-ed25519 ${KEY}`, '[nas]:2222'],
    [`[*.org]:2222 ssh-ed25519 ${KEY}\r\n`, '[nas.org]:2222'],
    [HASHED, 'nas.example.org'],
    [HASHED, '[nas.example.org]:2222'],
    [`nas ssh-ed25519 ${OTHER}\nnas ssh-ed25519 ${KEY}`, 'nas'],
  ])('%j knows %s', (text, name) => expect(judge(text, name)).toMatchObject({ verdict: 'known' }));

  it.each([
    ['', 'nas', 'unknown'],
    [`nas ssh-ed25519 ${KEY}`, '[nas]:2222', 'unknown'],
    [`[nas]:2222 ssh-ed25519 ${KEY}`, 'nas', 'unknown'],
    [`*.org,!bad.org ssh-ed25519 ${KEY}`, 'bad.org', 'unknown'],
    [`naXs ssh-ed25519 ${KEY}`, 'na.s', 'unknown'],
    [HASHED, 'nas.example.com', 'unknown'],
    [`|2|x|y ssh-ed25519 ${KEY}\n@strange nas ssh-ed25519 ${KEY}\nnas ssh-ed25519\nnas`, 'nas', 'unknown'],
    [`nas ssh-ed25519 ${OTHER}`, 'nas', 'changed'],
    [`nas ssh-rsa ${rsa.toString('base64')}`, 'nas', 'other-type'],
    [`nas ssh-ed25519 ${KEY}\n@revoked * ssh-ed25519 ${KEY}`, 'nas', 'revoked'],
    [`nas ssh-ed25519 ${KEY}\n@revoked * ssh-ed25519 ${OTHER}`, 'nas', 'known'],
    [`@cert-authority *.org ssh-ed25519 ${OTHER}`, 'nas.org', 'authority-only'],
    [`@cert-authority *.org ssh-ed25519 ${KEY}`, 'nas.org', 'authority-only'],
  ])('%j of %s: %s', (text, name, verdict) => expect(judge(text, name)).toMatchObject({ verdict }));

  it('a verdict names the line', () => expect(judge(`# first\nnas ssh-ed25519 ${OTHER}`, 'nas')).toEqual({ verdict: 'changed', where: 'known:2' }));

  it('fingerprints are those of ssh-keygen', () => expect(fingerprint(shown)).toBe('SHA256:VAGeI8up0FSQeA2W3MmqEDGAf0T2NUZtm+WU/eMAu8U'));

  it('names and types', () => {
    expect(knownHostName('NAS.example.org', 22)).toBe('nas.example.org');
    expect(knownHostName('::1', 23)).toBe('[::1]:23');
    expect(hostKeyType(shown)).toBe('ssh-ed25519');
    expect(hostKeyType(Buffer.of(0, 0, 1))).toBe('');
    expect(hostKeyType(Buffer.of(255, 255, 255, 255, 1))).toBe('');
    expect(knownTypes(parseKnownHosts(`nas ssh-rsa AAAA\nnas ssh-ed25519 ${KEY}\n@revoked nas ssh-dss AAAA`, 'k'), 'nas')).toEqual(['ssh-rsa', 'ssh-ed25519']);
  });
});
