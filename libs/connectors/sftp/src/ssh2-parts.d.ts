/** Parts of ssh2 that its types know under its main name only. */
declare module 'ssh2/lib/client.js' {
  import type { Client } from 'ssh2';
  const value: typeof Client;
  export default value;
}

declare module 'ssh2/lib/agent.js' {
  import type { createAgent } from 'ssh2';
  const value: { readonly createAgent: typeof createAgent };
  export default value;
}

declare module 'ssh2/lib/protocol/keyParser.js' {
  import type { utils } from 'ssh2';
  const value: { readonly parseKey: typeof utils.parseKey };
  export default value;
}
