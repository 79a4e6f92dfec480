// A Flaghoist process of its own, on a free port, with a data directory that is thrown away.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const REPOSITORY = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
const BINARY = process.env.FLAGHOIST_BINARY || path.join(REPOSITORY, 'target/debug/flaghoist');
const START_MS = 30_000;

export class Server {
  static async start() {
    const server = new Server();
    server.directory = await mkdtemp(path.join(tmpdir(), 'flaghoist-clients-'));
    server.logFile = path.join(server.directory, 'server.log');
    const dataDir = path.join(server.directory, 'data');
    const log = await open(server.logFile, 'w');
    const options = ['serve', '--listen', '127.0.0.1:0', '--data-dir', dataDir];
    server.process = spawn(BINARY, options, { stdio: ['ignore', log.fd, log.fd] });
    server.exited = once(server.process, 'exit');
    await log.close();
    server.bootstrap = await server.#until('bootstrap.json', async () =>
      JSON.parse(await readFile(path.join(dataDir, 'bootstrap.json'), 'utf8')),
    );
    await server.#until('/readyz', async () => (await fetch(`${server.url}/readyz`)).ok);
    return server;
  }

  get url() {
    return this.bootstrap.url;
  }

  environment(key) {
    return this.bootstrap.environments.find((environment) => environment.key === key);
  }

  log() {
    return readFile(this.logFile, 'utf8');
  }

  /** Asks the server to end (SIGTERM) and throws when it does not end well. */
  async stop() {
    this.process.kill('SIGTERM');
    const [code] = await this.exited;
    const log = await this.log();
    await rm(this.directory, { recursive: true });
    if (code !== 0) throw new Error(`the server ended with ${code}:\n${log}`);
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
