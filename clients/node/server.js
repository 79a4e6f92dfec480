// A Flaghoist process of its own, on a free port, with a data directory that is thrown away.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const REPOSITORY = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
const BINARY = process.env.FLAGHOIST_BINARY || path.join(REPOSITORY, 'target/debug/flaghoist');
const START_MS = 30_000;

export class Server {
  /** `asAgent` makes it an Agent for tracers too, at `agentUrl`. */
  static async start({ asAgent = false } = {}) {
    const server = new Server();
    if (asAgent) server.agentAddress = await freeAddress();
    server.directory = await mkdtemp(path.join(tmpdir(), 'flaghoist-clients-'));
    server.logFile = path.join(server.directory, 'server.log');
    server.dataDir = path.join(server.directory, 'data');
    await server.#launch('127.0.0.1:0');
    server.bootstrap = await server.#until('bootstrap.json', async () =>
      JSON.parse(await readFile(path.join(server.dataDir, 'bootstrap.json'), 'utf8')),
    );
    await server.#untilReady();
    return server;
  }

  /** Starts again after `end` or `kill`: at the same addresses, with the same data. */
  async startAgain() {
    await this.#launch(new URL(this.url).host);
    await this.#untilReady();
  }

  get url() {
    return this.bootstrap.url;
  }

  get agentUrl() {
    return `http://${this.agentAddress}`;
  }

  environment(key) {
    return this.bootstrap.environments.find((environment) => environment.key === key);
  }

  log() {
    return readFile(this.logFile, 'utf8');
  }

  /** Asks the server to end (SIGTERM) and throws when it does not end well. */
  async end() {
    this.process.kill('SIGTERM');
    const [code] = await this.exited;
    if (code !== 0) throw new Error(`the server ended with ${code}:\n${await this.log()}`);
  }

  /** Ends the server as a crash would. */
  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  /** `end`, for good. */
  async stop() {
    await this.end().finally(() => rm(this.directory, { recursive: true }));
  }

  async #launch(address) {
    const log = await open(this.logFile, 'a');
    const options = ['serve', '--listen', address, '--data-dir', this.dataDir];
    if (this.agentAddress) options.push('--agent-listen', this.agentAddress);
    this.process = spawn(BINARY, options, { stdio: ['ignore', log.fd, log.fd] });
    this.exited = once(this.process, 'exit');
    await log.close();
  }

  #untilReady() {
    return this.#until('/readyz', async () => (await fetch(`${this.url}/readyz`)).ok);
  }

  async #until(what, probe) {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && this.process.exitCode === null) {
      try {
        const found = await probe();
        if (found) return found;
      } catch {
        // Not there yet.
      }
      await sleep(20);
    }
    this.process.kill('SIGKILL');
    throw new Error(`no ${what}:\n${await this.log()}`);
  }
}

/** The server itself tells which port it took only for the other listener. */
async function freeAddress() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { address, port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return `${address}:${port}`;
}
