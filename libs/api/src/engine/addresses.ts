import { BlockList, isIPv6 } from 'node:net';

/** Where clouds hand out credentials to whoever asks from inside: link-local addresses, and the few that lie elsewhere. */
const CREDENTIALS = new BlockList();
CREDENTIALS.addSubnet('169.254.0.0', 16, 'ipv4');
CREDENTIALS.addSubnet('fe80::', 10, 'ipv6');
CREDENTIALS.addAddress('fd00:ec2::254', 'ipv6');
CREDENTIALS.addAddress('fd00:ec2::23', 'ipv6');
CREDENTIALS.addAddress('100.100.100.200', 'ipv4');
CREDENTIALS.addAddress('192.0.0.192', 'ipv4');
// The same under addresses that a translator on the way turns back.
for (const prefix of ['::ffff:', '64:ff9b::']) {
  CREDENTIALS.addSubnet(`${prefix}169.254.0.0`, 112, 'ipv6');
  CREDENTIALS.addAddress(`${prefix}100.100.100.200`, 'ipv6');
  CREDENTIALS.addAddress(`${prefix}192.0.0.192`, 'ipv6');
}

/** Whether a store may be looked for at an address. */
export function mayLieAt(address: string): boolean {
  const [bare = ''] = address.split('%');
  return !CREDENTIALS.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4');
}
