export const THEME_COOKIE = 'wardrobe-theme';
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export function parseTheme(text: string | undefined): Theme {
  return THEMES.find((theme) => theme === text) ?? 'system';
}

/** The cookie lets the server draw the first paint in the right theme: no script, no flash. */
export function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser we support
  document.cookie = `${THEME_COOKIE}=${theme}; path=/; max-age=31536000; samesite=lax`;
  window.dispatchEvent(new Event('themechange'));
}

export function currentTheme(): Theme {
  return parseTheme(document.documentElement.dataset.theme);
}

/** Light becomes dark and the other way round, whatever the system says. */
export function toggleTheme(): Theme {
  const now = currentTheme();
  const dark = now === 'dark' || (now === 'system' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  const next = dark ? 'light' : 'dark';
  applyTheme(next);
  return next;
}
