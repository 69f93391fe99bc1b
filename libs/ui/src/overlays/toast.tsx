'use client';
import { Check, TriangleAlert } from 'lucide-react';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { Button } from '../controls/button.js';

export type ToastInput = {
  readonly kind: 'success' | 'warning';
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
};
type Toast = ToastInput & { readonly id: number };

const SHOWN_MS = 6000;
const ToastContext = createContext<(toast: ToastInput) => void>(() => {});

/** Says the result of one's own action. Never for errors that need a decision. */
export function useToast(): (toast: ToastInput) => void {
  return useContext(ToastContext);
}

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const nextId = useRef(1);
  const show = useCallback((toast: ToastInput) => setToasts((list) => [...list.slice(-3), { ...toast, id: nextId.current++ }]), []);
  const drop = useCallback((id: number) => setToasts((list) => list.filter((toast) => toast.id !== id)), []);
  return (
    <ToastContext value={show}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <ToastLine key={toast.id} toast={toast} onEnd={drop} />
        ))}
      </div>
    </ToastContext>
  );
}

function ToastLine({ toast, onEnd }: { readonly toast: Toast; readonly onEnd: (id: number) => void }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => onEnd(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, onEnd, toast.id]);
  const Icon = toast.kind === 'success' ? Check : TriangleAlert;
  return (
    <article
      className="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon className="icon" aria-hidden />
      <span>{toast.text}</span>
      {toast.action ? (
        <Button small look="quiet" onClick={toast.action.run}>
          {toast.action.label}
        </Button>
      ) : null}
    </article>
  );
}
