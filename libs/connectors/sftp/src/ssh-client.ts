/// <reference path="./ssh2-parts.d.ts" />
import type * as Ssh2 from 'ssh2';

/** What a store needs of the SSH library. */
export type SshClient = {
  readonly Client: typeof Ssh2.Client;
  readonly createAgent: typeof Ssh2.createAgent;
  readonly parseKey: typeof Ssh2.utils.parseKey;
};

/** Loads the client's side of the library; its server, key maker and HTTP agents would take memory for nothing. */
export async function loadSshClient(): Promise<SshClient> {
  const [{ default: Client }, { default: agents }, { default: keys }] = await Promise.all([
    import('ssh2/lib/client.js'),
    import('ssh2/lib/agent.js'),
    import('ssh2/lib/protocol/keyParser.js'),
  ]);
  return { Client, createAgent: agents.createAgent, parseKey: keys.parseKey };
}
