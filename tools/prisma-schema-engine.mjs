#!/usr/bin/env node
/**
 * Stand-in for Prisma's native schema engine, for developers without a network: its JSON-RPC on stdio, served by
 * @prisma/schema-engine-wasm over a driver adapter. The product never runs it.
 * Use: PRISMA_SCHEMA_ENGINE_BINARY=$PWD/tools/prisma-schema-engine.mjs npx prisma migrate diff …
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const args = process.argv.slice(2);
if (args.includes('--version') || args.includes('-V')) {
  console.log('schema-engine-cli 0edf323efd1d98336f3f0a68684b56f689b900d3');
  process.exit(0);
}

const { datamodels, url } = readArguments(args);
const { default: pg } = await import('pg');
patchDriver(pg);
if (args.includes('cli')) await runCli(args.at(-1));
else serve(await loadEngineClass());

function readArguments(list) {
  const files = [];
  let datasource = {};
  for (let index = 0; index < list.length; index++) {
    if (list[index] === '--datamodels') files.push([list[index + 1], readFileSync(list[index + 1], 'utf8')]);
    else if (list[index] === '--datasource') datasource = JSON.parse(list[index + 1]);
  }
  return { datamodels: files, url: process.env.PRISMA_ENGINE_URL ?? datasource.url };
}

/** Two faults of the adapter in this role: it cannot read the catalogue's "char" type, and it drops a shadow database with a session on it. */
function patchDriver(driver) {
  const describe = driver.Query.prototype.handleRowDescription;
  driver.Query.prototype.handleRowDescription = function (message) {
    for (const field of message.fields) if (field.dataTypeID === 18) field.dataTypeID = 790;
    return describe.call(this, message);
  };
  driver.types.setTypeParser(790, (value) => value);
  const query = driver.Client.prototype.query;
  driver.Client.prototype.query = function (text, ...rest) {
    const sql = typeof text === 'string' ? text : text?.text;
    if (!/^\s*DROP DATABASE "prisma_migrate_shadow_db_/i.test(sql ?? '')) return query.call(this, text, ...rest);
    const forced = `${sql.trim().replace(/;?$/, '')} WITH (FORCE)`;
    return query.call(this, typeof text === 'string' ? forced : { ...text, text: forced }, ...rest);
  };
  process.on('uncaughtException', (error) => {
    if (error?.code === '57P01') return;
    console.error(error);
    process.exit(101);
  });
}

async function runCli(command) {
  try {
    if (command === 'create-database') {
      const target = new URL(url);
      const name = decodeURIComponent(target.pathname.slice(1));
      target.pathname = '/postgres';
      await withClient(target.href, (client) => client.query(`CREATE DATABASE "${name.replaceAll('"', '""')}"`));
    } else {
      await withClient(url, () => undefined);
    }
    process.exit(0);
  } catch (error) {
    const fields = { message: error.message, error_code: error.code === '3D000' ? 'P1003' : 'P1001', is_panic: false };
    console.error(`\n${JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields })}`);
    process.exit(1);
  }
}

async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await work(client);
  await client.end();
}

/** A connection string would make the adapter take the main database for its shadow: host, port and the rest are given apart. */
async function adapterFactory() {
  const { bindMigrationAwareSqlAdapterFactory } = await import('@prisma/driver-adapter-utils');
  const { PrismaPg } = await import('@prisma/adapter-pg');
  const parts = new URL(url);
  const factory = new PrismaPg({
    host: parts.searchParams.get('host') ?? decodeURIComponent(parts.hostname),
    port: Number(parts.port || 5432),
    user: decodeURIComponent(parts.username),
    password: decodeURIComponent(parts.password),
    database: decodeURIComponent(parts.pathname.slice(1)),
  });
  const connect = factory.connect.bind(factory);
  const connectToShadowDb = factory.connectToShadowDb.bind(factory);
  factory.connect = async () => readCharactersAsText(await connect());
  factory.connectToShadowDb = async () => readCharactersAsText(await connectToShadowDb());
  return bindMigrationAwareSqlAdapterFactory(factory);
}

function readCharactersAsText(connection) {
  const queryRaw = connection.queryRaw.bind(connection);
  connection.queryRaw = async (query) => {
    const result = await queryRaw(query);
    result.columnTypes = result.columnTypes.map((type) => (type === 4 ? 6 : type));
    return result;
  };
  return connection;
}

async function loadEngineClass() {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => process.stderr.write(`schema engine: ${message}\n`) };
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
  const bindings = await import(join(folder, 'schema_engine_bg.js'));
  const { instance } = await WebAssembly.instantiate(readFileSync(join(folder, 'schema_engine_bg.wasm')), { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return bindings.SchemaEngine;
}

function serve(SchemaEngine) {
  let engine;
  let chain = Promise.resolve();
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    chain = chain.then(async () => {
      await answer(JSON.parse(line), async () => {
        engine ??= await SchemaEngine.new({ datamodels: datamodels.length > 0 ? datamodels : undefined }, () => undefined, await adapterFactory());
        return engine;
      });
    });
  });
  lines.on('close', () => chain.finally(() => process.exit(0)));
}

async function answer({ id, method, params }, getEngine) {
  try {
    const result = await call(await getEngine(), method, Array.isArray(params) ? params[0] : params);
    if (method === 'diff' && result?.stdout) say({ jsonrpc: '2.0', id: 1e6, method: 'print', params: { content: result.stdout } });
    say({ jsonrpc: '2.0', id, result: result ?? null });
  } catch (error) {
    const message = String(error?.message ?? error);
    const data = { is_panic: false, message, meta: error?.meta ?? null, error_code: error?.code ?? error?.error_code ?? null };
    say({ jsonrpc: '2.0', id, error: { code: 4466, message, data } });
  }
}

function call(engine, method, parameters) {
  if (method === 'getDatabaseVersion') return engine.version(parameters);
  if (method === 'createDatabase') return { databaseName: '' };
  return engine[method](parameters);
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
