'use client';
import type { JobPlanDto, PlanItemDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { IdText } from '../foundation/id-text.js';

/** What is wrong or to be done, each with how we know and what is written. */
export function PlanItems({ plan }: { readonly plan: JobPlanDto }) {
  return (
    <>
      <table className="tbl plan-table">
        <caption className="sr">Planned writes</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">File in the store</th>
            <th scope="col" className="num">
              Bytes
            </th>
            <th scope="col" className="only-wide">
              Effect
            </th>
          </tr>
        </thead>
        {plan.items.map((item) => (
          <Item key={item.key} item={item} />
        ))}
      </table>
      {plan.itemsTotal > plan.items.length ? (
        <p className="plan-body fresh">{`${figure(plan.items.length)} of ${figure(plan.itemsTotal)} are shown.`}</p>
      ) : null}
    </>
  );
}

function Item({ item }: { readonly item: PlanItemDto }) {
  return (
    <tbody>
      <tr className="plan-item">
        <th scope="rowgroup" colSpan={4}>
          <IdText text={item.title} />
          <span className="why">
            <IdText text={item.detail} />
          </span>
          {item.evidence.length === 0 ? null : (
            <ul className="why evidence-list" aria-label="How we know">
              {item.evidence.map((sentence) => (
                <li key={sentence}>
                  <IdText text={sentence} />
                </li>
              ))}
            </ul>
          )}
        </th>
      </tr>
      {item.steps.map((step) => (
        <tr key={`${step.step} ${step.file} ${step.effect}`}>
          <td className="nowrap">{step.step}</td>
          <td className="break-all">
            <code>{step.file}</code>
            <small className="why only-phone">{step.effect}</small>
          </td>
          <td className="num">{step.bytes === null ? '' : figure(step.bytes)}</td>
          <td className="only-wide">
            <IdText text={step.effect} />
          </td>
        </tr>
      ))}
    </tbody>
  );
}
