export type { AppRouter, Caller } from './routers/app.js';
export type { Actor, Role, Services } from './services/types.js';
