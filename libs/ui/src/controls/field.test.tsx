import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { Button } from './button.js';
import { TextField } from './field.js';

it('a field is joined to its label, its error and its hint', () => {
  const html = renderToStaticMarkup(<TextField label="Name" hint="Only here." error="At least one character." />);
  const id = /<input[^>]* id="([^"]+)"/.exec(html)?.[1] ?? '';
  expect(html).toContain(`for="${id}"`);
  expect(html).toContain(`aria-describedby="${id}-e ${id}-h"`);
  expect(html).toContain('aria-invalid="true"');
});

it('a button that cannot be pressed stays focusable and says why', () => {
  const html = renderToStaticMarkup(<Button unavailable="Needs write access">Publish</Button>);
  expect(html).toContain('aria-disabled="true"');
  expect(html).toContain('title="Needs write access"');
  expect(html).not.toContain(' disabled');
});

it('what the server marks as code is drawn as code', () => {
  expect(renderToStaticMarkup(<TextField label="E-mail" error="An admin can use `wardrobe admin user passwd`." />)).toContain(
    '<code>wardrobe admin user passwd</code>',
  );
});
