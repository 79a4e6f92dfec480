// dd-trace keeps its state in the process, so that every application with it is a process of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = path.join(path.dirname(new URL(import.meta.url).pathname), 'dd-trace-application.js');

/** Nothing listens there. */
const NO_AGENT = 'http://127.0.0.1:1';

export class TracedApplication {
  #numbers = 0;
  #waiting = new Map();
  #errors = '';

  /** Started with these environment variables; `started` tells whether its provider became ready. */
  static async start(variables) {
    const application = new TracedApplication();
    const env = {
      ...process.env,
      DD_TRACE_AGENT_URL: NO_AGENT,
      DD_SERVICE: 'shop',
      DD_VERSION: '1',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      ...variables,
    };
    application.process = spawn(process.execPath, [PROGRAM], { env });
    application.exited = once(application.process, 'exit');
    application.started = await application.#listen();
    return application;
  }

  /** Details of an evaluation: `evaluate('String', key, coded, context)`. */
  evaluate(type, ...parameters) {
    const id = ++this.#numbers;
    this.process.stdin.write(`${JSON.stringify({ id, call: `get${type}Details`, parameters })}\n`);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Closes its input, which is the end of it. */
  async end() {
    this.process.stdin.end();
    const [code] = await this.exited;
    if (code !== 0) throw new Error(`the application ended with ${code}:\n${this.#errors}`);
  }

  #listen() {
    this.process.stderr.setEncoding('utf8').on('data', (text) => (this.#errors += text));
    return new Promise((resolve, reject) => {
      createInterface({ input: this.process.stdout }).on('line', (line) => {
        const { id, details, ...started } = JSON.parse(line);
        if (id === undefined) return resolve(started);
        this.#waiting.get(id)(details);
        this.#waiting.delete(id);
      });
      this.exited.then(([code]) => reject(new Error(`the application ended with ${code}:\n${this.#errors}`)));
    });
  }
}
