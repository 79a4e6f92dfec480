import { randomUUID } from 'node:crypto'
import type { Server } from './server'

/** An event of this name is an error of a visitor at the checkout. */
const EVENT = 'checkout.error'
const VISITORS_AT_ONCE = 40

/** A step of a schedule: which share, and for how long. */
export interface Step {
  ratio: number
  interval_ms: number | null
}

/** A rollout of `on` in production that a metric watches, and an application whose visitors are in it. */
export class GuardedRollout {
  private visitors = 0
  private readonly visits = { on: 0, off: 0 }

  private constructor(
    private readonly server: Server,
    readonly flagId: string,
    private readonly flagKey: string,
    private readonly allocationKey: string,
    /** The exposure schedule. */
    readonly id: string,
  ) {}

  /** Makes the flag, its schedule and, if it is not there yet, the metric `checkout-errors`. */
  static async make(
    server: Server,
    flagKey: string,
    name: string,
    steps: Step[],
    action: 'PAUSE' | 'ABORT',
  ): Promise<GuardedRollout> {
    const { metrics } = await server.ask<{ metrics: { id: string }[] }>('GET', '/api/v1/metrics')
    if (!metrics.some(({ id }) => id === 'checkout-errors')) {
      await server.ask('POST', '/api/v1/metrics', {
        id: 'checkout-errors',
        name: 'Checkout errors',
        source: { type: 'events', event: EVENT },
      })
    }
    const flagId = await server.makeFlag(flagKey, name)
    const environment = server.environment('production')
    const allocationKey = `${flagKey}-ramp`
    const attributes = {
      key: allocationKey,
      name: 'Ramp for everybody',
      type: 'CANARY',
      variant_weights: [{ variant_key: 'on', value: 100 }],
      guardrail_metrics: [{ metric_id: 'checkout-errors', trigger_action: action }],
      exposure_schedule: {
        rollout_options: { strategy: 'UNIFORM_INTERVALS', autostart: false },
        rollout_steps: steps.map(({ ratio, interval_ms }, group) => ({
          exposure_ratio: ratio,
          grouped_step_index: group,
          is_pause_record: false,
          ...(interval_ms === null ? {} : { interval_ms }),
        })),
        control_variant_key: 'off',
      },
    }
    const place = `/api/v2/feature-flags/${flagId}/environments/${environment}`
    interface Saved {
      data: { attributes: { exposure_schedule: { id: string } } }[]
    }
    const saved = await server.ask<Saved>('PUT', `${place}/allocations`, {
      data: [{ type: 'allocations', attributes }],
    })
    await server.ask('POST', `${place}/enable`)
    const id = saved.data[0]?.attributes.exposure_schedule.id
    if (id === undefined) throw new Error('the allocation was saved without its schedule')
    return new GuardedRollout(server, flagId, flagKey, allocationKey, id)
  }

  start(): Promise<unknown> {
    return this.server.ask('POST', `/api/v2/feature-flags/exposure-schedules/${this.id}/start`)
  }

  async status(): Promise<string> {
    return (await this.server.ask<{ status: string }>('GET', `/api/v1/rollouts/${this.id}`)).status
  }

  /**
   * Visitors come, `VISITORS_AT_ONCE` at a time, and what happened to them is reported, until the rollout has one of
   * these statuses. Of those with `on` every `harm`th has an error; of the others every fiftieth.
   */
  async visitUntil(statuses: string[], harm: number, patience_ms = 40_000): Promise<string> {
    for (const deadline = Date.now() + patience_ms; ; ) {
      const status = await this.status()
      if (statuses.includes(status)) return status
      if (Date.now() > deadline) throw new Error(`the rollout is ${status} and not ${statuses.join(' or ')}`)
      await this.visit(harm)
    }
  }

  /** One round of visitors. */
  async visit(harm: number) {
    const exposures: unknown[] = []
    const events: unknown[] = []
    const names = Array.from({ length: VISITORS_AT_ONCE }, () => `visitor-${this.visitors++}`)
    const answers = await Promise.all(
      names.map(name => this.server.evaluate('production', this.flagKey, { targetingKey: name, plan: 'free' })),
    )
    for (const [at, { variant, metadata }] of answers.entries()) {
      const subject = names[at]
      if (metadata?.allocationKey !== this.allocationKey || (variant !== 'on' && variant !== 'off')) continue
      this.visits[variant] += 1
      exposures.push({ flag: this.flagKey, allocation: this.allocationKey, variant, subject, timestamp: Date.now() })
      const every = variant === 'on' ? harm : 50
      if (this.visits[variant] % every === 0)
        events.push({ name: EVENT, subject, timestamp: Date.now(), event_id: randomUUID() })
    }
    if (exposures.length > 0) await this.server.report('/sdk/v1/events', { exposures })
    if (events.length > 0) await this.server.report('/sdk/v1/metric-events', { events })
  }
}
