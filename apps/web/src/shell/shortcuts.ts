'use client';
/** Loaded when `?` is pressed. */
export { ShortcutsDialog } from '@wardrobe/ui';
