import type { StoreTestDto } from '@wardrobe/contracts';
import { Check, KeyRound, LoaderCircle, X } from 'lucide-react';

/** What a test of a store found, step by step; the first failure ends it. */
export function StoreProbe({ test, testing }: { readonly test: StoreTestDto | null; readonly testing: boolean }) {
  if (!testing && test === null) return null;
  return (
    <div role="status">
      <ul className="probe" aria-label="Test of the store">
        {test?.steps.map((step) => (
          <li key={step.step} data-state={step.ok ? 'ok' : step.step === 'key' && test.problem?.code === 'passphrase-needed' ? 'todo' : 'failed'}>
            {step.ok ? (
              <Check className="icon" aria-label="fine" />
            ) : step.step === 'key' && test.problem?.code === 'passphrase-needed' ? (
              <KeyRound className="icon" aria-label="needed" />
            ) : (
              <X className="icon" aria-label="failed" />
            )}
            <span>{step.sentence}</span>
          </li>
        ))}
        {testing ? (
          <li data-state="busy">
            <LoaderCircle className="icon spin" aria-hidden />
            <span>Testing. Opening an encrypted store takes about a second.</span>
          </li>
        ) : null}
      </ul>
    </div>
  );
}
