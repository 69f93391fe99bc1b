import { EventEmitter, on } from 'node:events';
import type { LiveEvent } from '@wardrobe/contracts';

/** Ends of credentials, named by what ended. */
export type Ended = { readonly kind: 'session' | 'token'; readonly id: string } | { readonly kind: 'user'; readonly id: string };

/** What happens in this process, told to open pages and open downloads. */
export class EventBus {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  publish(event: LiveEvent): void {
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

  /** Events until the signal aborts; then the iteration ends. */
  async *live(signal: AbortSignal): AsyncGenerator<LiveEvent, void, undefined> {
    try {
      for await (const [event] of on(this.emitter, 'live', { signal })) yield event as LiveEvent;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
