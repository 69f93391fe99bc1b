export type { ApiConfig, Clock, Log, Sealer } from './config.js';
export { type Api, type ApiOptions, createApi } from './create-api.js';
export type { AppRouter, Caller } from './routers/app.js';
export type { Actor, Role, Services } from './services/types.js';
