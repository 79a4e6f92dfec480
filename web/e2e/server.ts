import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The program that is tested: `FLAGHOIST_BINARY`, or the debug build of the workspace. */
const PROGRAM = resolve(process.env.FLAGHOIST_BINARY ?? '../target/debug/flaghoist')
const START_PATIENCE_MS = 30_000

/** What the first start wrote to `bootstrap.json`. */
export interface Bootstrap {
  url: string
  project_id: string
  api_key: string
  application_key: string
  admin: { email: string; password: string }
  environments: { id: string; key: string; server_sdk_key: string; client_sdk_key: string }[]
}

/** Somebody who can sign in. */
export interface Credentials {
  email: string
  password: string
}

/** A running server with an empty or a demonstration project, and its API as the administrator has it. */
export class Server {
  private constructor(
    readonly url: string,
    readonly bootstrap: Bootstrap,
    /** The program, where it was started here. */
    private readonly child: ChildProcess | null,
    private readonly directory: string,
  ) {}

  /**
   * A server that runs already, by its data directory. It is left running. `FLAGHOIST_CONSOLE_AT` names another address
   * that passes on to it, such as that of Vite.
   */
  static async running(directory: string): Promise<Server> {
    const bootstrap = JSON.parse(await readFile(join(directory, 'bootstrap.json'), 'utf8')) as Bootstrap
    return new Server(process.env.FLAGHOIST_CONSOLE_AT ?? bootstrap.url, bootstrap, null, directory)
  }

  /** Starts the program in a directory of its own and waits until it is ready. */
  static async start(...options: string[]): Promise<Server> {
    const directory = await mkdtemp(join(tmpdir(), 'flaghoist-console-'))
    const url = `http://127.0.0.1:${await freePort()}`
    const args = ['serve', '--listen', url.slice('http://'.length), '--data-dir', directory, ...options]
    const child = spawn(PROGRAM, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    child.stderr.on('data', piece => {
      log = (log + piece).slice(-4_000)
    })
    for (const deadline = Date.now() + START_PATIENCE_MS; ; ) {
      if (child.exitCode !== null) throw new Error(`${PROGRAM} ended with ${child.exitCode}\n${log}`)
      if (Date.now() > deadline) throw new Error(`${PROGRAM} was not ready in ${START_PATIENCE_MS} ms\n${log}`)
      const ready = await fetch(`${url}/readyz`).catch(() => null)
      if (ready?.ok) break
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    const bootstrap = JSON.parse(await readFile(join(directory, 'bootstrap.json'), 'utf8')) as Bootstrap
    return new Server(url, bootstrap, child, directory)
  }

  /** Stops the program and removes what it wrote. */
  async stop() {
    if (this.child === null) return
    if (this.child.exitCode === null) {
      this.child.kill('SIGKILL')
      await once(this.child, 'exit')
    }
    await rm(this.directory, { recursive: true, force: true })
  }

  /** A request of the administrator. Gives the body of the answer; anything but success is thrown. */
  async ask<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        'DD-API-KEY': this.bootstrap.api_key,
        'DD-APPLICATION-KEY': this.bootstrap.application_key,
        'Content-Type': 'application/json',
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** The id of an environment of the first start. */
  environment(key: string): string {
    const found = this.bootstrap.environments.find(environment => environment.key === key)
    if (found === undefined) throw new Error(`there is no environment ${key}`)
    return found.id
  }

  /** Makes a boolean flag, off by default, and gives its id. */
  async makeFlag(key: string, name: string): Promise<string> {
    const attributes = {
      key,
      name,
      description: `${name}.`,
      value_type: 'BOOLEAN',
      variants: [
        { key: 'on', name: 'On', value: 'true' },
        { key: 'off', name: 'Off', value: 'false' },
      ],
      default_variant_key: 'off',
    }
    const made = await this.ask<{ data: { id: string } }>('POST', '/api/v2/feature-flags', {
      data: { type: 'feature-flags', attributes },
    })
    return made.data.id
  }

  /** Adds a person who can sign in. */
  async addPerson(email: string, name: string, role: string): Promise<Credentials> {
    const password = `${name}-reads-the-manual-7`
    await this.ask('POST', '/api/v1/users', { email, name, role, password })
    return { email, password }
  }

  /** What an application gets: the value of a flag for somebody, by OFREP. */
  async evaluate(environmentKey: string, flagKey: string, context: Record<string, unknown>): Promise<Evaluation> {
    const response = await this.asApplication(`/ofrep/v1/evaluate/flags/${flagKey}`, { context }, environmentKey)
    return (await response.json()) as Evaluation
  }

  /** A report of an application in production. */
  async report(path: string, body: unknown) {
    const response = await this.asApplication(path, body, 'production')
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  }

  private asApplication(path: string, body: unknown, environmentKey: string): Promise<Response> {
    const key =
      this.bootstrap.environments.find(environment => environment.key === environmentKey)?.server_sdk_key ?? ''
    const headers = { 'X-API-Key': key, 'Content-Type': 'application/json' }
    return fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  }
}

/** An answer of OFREP. */
export interface Evaluation {
  value: unknown
  variant: string
  reason: string
  metadata?: { allocationKey?: string }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
