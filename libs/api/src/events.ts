import { EventEmitter, on } from 'node:events';
import type { LiveEvent } from '@wardrobe/contracts';

/** Ends of credentials, named by what ended. */
export type Ended = { readonly kind: 'session' | 'token'; readonly id: string } | { readonly kind: 'user'; readonly id: string };

/** What happens in this process, told to open pages and open downloads. */
export class EventBus {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  private lastChange: number | null = null;

  publish(event: LiveEvent): void {
    this.lastChange = performance.now();
    this.emitter.emit('live', event);
  }

  /** A sign-out, revocation or removal: whatever is open on it ends. */
  end(ended: Ended): void {
    this.emitter.emit('ended', ended);
  }

  onEnded(listener: (ended: Ended) => void): () => void {
    this.emitter.on('ended', listener);
    return () => this.emitter.off('ended', listener);
  }

  /**
   * Events until the signal aborts; then the iteration ends. The first one, `opened`, is made once the stream listens: what changed before it is in
   * its age, what changes after it follows, so nothing falls between.
   */
  async *live(signal: AbortSignal, at: () => string): AsyncGenerator<LiveEvent, void, undefined> {
    try {
      const events = on(this.emitter, 'live', { signal });
      const sinceChangeMs = this.lastChange === null ? null : performance.now() - this.lastChange;
      yield { kind: 'opened', storeId: null, at: at(), job: null, sinceChangeMs };
      for await (const [event] of events) yield event as LiveEvent;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
