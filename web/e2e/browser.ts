import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect, onTestFailed } from 'vitest'
import type { Credentials, Server } from './server'

/** Debian's browser, or another that the environment names. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const AXE = createRequire(import.meta.url).resolve('axe-core')

/** A browser without a window that asks nobody but the pages it is sent to. */
export function launch(): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
  })
}

/** What somebody sees: a browser of their own, and everything that went wrong in it. */
export class Person {
  /** Errors of scripts, violations of the content security policy, answers of 5xx and refusals of 403. */
  readonly faults: string[] = []

  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
  ) {
    page.setDefaultTimeout(15_000)
    onTestFailed(async ({ task }) => {
      const name = task.name.replace(/\W+/g, '-').slice(0, 60)
      await page.screenshot({ path: `test-results/${name}-${Date.now()}.png` }).catch(() => {})
      console.log(`${page.url()} when it failed:`, this.faults)
    })
    page.on('pageerror', error => this.faults.push(`script: ${error}`))
    page.on('console', message => {
      // Refused and failed requests are looked at one by one below.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.faults.push(`console: ${message.text()}`)
    })
    page.on('response', response => {
      if (response.status() >= 500 || response.status() === 403)
        this.faults.push(`${response.status()} ${response.request().method()} ${response.url()}`)
    })
  }

  /** Somebody who is not signed in. */
  static async visiting(
    browser: Browser,
    server: Server,
    options: { colorScheme?: 'light' | 'dark'; width?: number } = {},
  ): Promise<Person> {
    const viewport = { width: options.width ?? 1360, height: 850 }
    const context = await browser.newContext({
      baseURL: server.url,
      viewport,
      colorScheme: options.colorScheme ?? 'light',
      reducedMotion: 'reduce',
    })
    return new Person(await context.newPage(), context)
  }

  /** Somebody who is signed in; the administrator where nobody is named. */
  static async signedIn(
    browser: Browser,
    server: Server,
    who: Credentials = server.bootstrap.admin,
    options: { colorScheme?: 'light' | 'dark'; width?: number } = {},
  ): Promise<Person> {
    const person = await Person.visiting(browser, server, options)
    const answer = await person.context.request.post('/api/v1/session', {
      headers: { 'X-Flaghoist-CSRF': '1' },
      data: { ...who, cookie: true },
    })
    expect(answer.status()).toBe(201)
    return person
  }

  /** Goes to a page of the console and waits for its heading. */
  async open(path: string) {
    await this.page.goto(`/console${path}`)
    await this.page.getByRole('heading', { level: 1 }).first().waitFor()
  }

  /** Waits until what the page asked for is there: no loader turns, and nothing moves. */
  async settled() {
    await this.page.waitForFunction(
      () => document.querySelector('.mantine-Loader-root, .mantine-Skeleton-root') === null,
    )
    await this.page.waitForTimeout(300)
  }

  /** Signs in as people do. */
  async signIn({ email, password }: Credentials) {
    await this.page.getByLabel('E-mail').fill(email)
    await this.page.locator('input[name=password]').fill(password)
    await this.page.getByRole('button', { name: 'Sign in' }).click()
  }

  /** Serious and critical violations of the rules for accessible pages, as axe finds them: the rule and where. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(await (await import('node:fs/promises')).readFile(AXE, 'utf8'))
    const found = await this.page.evaluate(async () => {
      const { violations } = await (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run()
      return violations.map(({ id, impact, nodes }) => ({
        id,
        impact,
        where: nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary}`),
      }))
    })
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, where }) => `${id}: ${where.slice(0, 3).join(' | ')}`)
  }

  /** Leaves, having met no fault. */
  async leave() {
    await this.context.close()
    expect(this.faults).toEqual([])
  }
}

interface AxeResults {
  violations: { id: string; impact: string | null; nodes: { target: string[]; failureSummary: string }[] }[]
}
