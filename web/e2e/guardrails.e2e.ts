import { expect, test } from 'vitest'
import { GuardedRollout } from './guarded'
import { World } from './world'

const world = World.forThisFile()

test('a rollout is started, paused, resumed and followed live', async () => {
  const rollout = await GuardedRollout.make(
    world.server,
    'calm',
    'Calm',
    [
      { ratio: 0.1, interval_ms: 3_600_000 },
      { ratio: 1, interval_ms: null },
    ],
    'ABORT',
  )
  const ada = await world.signedIn()
  const { page } = ada
  await ada.open(`/rollouts/${rollout.id}`)
  for (const [verb, status] of [
    ['Start', 'RUNNING'],
    ['Pause', 'PAUSED'],
    ['Resume', 'RUNNING'],
    ['Stop', 'ABORTED'],
  ] as const) {
    await page.getByRole('button', { name: verb, exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: verb, exact: true }).click()
    await expect.poll(() => rollout.status()).toBe(status)
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
  }
  await ada.leave()
})

test('steps follow each other on the page while somebody looks', async () => {
  const rollout = await GuardedRollout.make(
    world.server,
    'swift',
    'Swift',
    [
      { ratio: 0.2, interval_ms: 3_000 },
      { ratio: 0.6, interval_ms: 600_000 },
      { ratio: 1, interval_ms: null },
    ],
    'PAUSE',
  )
  const ada = await world.signedIn()
  await ada.open(`/rollouts/${rollout.id}`)
  await rollout.start()
  await ada.page.getByText('20 %').first().waitFor()
  const visits = (async () => {
    for (let round = 0; round < 12; round += 1) await rollout.visit(50)
  })()
  await ada.page.getByText('60 %').first().waitFor({ timeout: 20_000 })
  await expect.poll(() => ada.page.getByText(/2 of 3/).count(), { timeout: 20_000 }).toBeGreaterThan(0)
  await visits
  await ada.leave()
})

test('a guardrail aborts a harmful rollout, and the page says why', async () => {
  const rollout = await GuardedRollout.make(
    world.server,
    'harmful',
    'Harmful',
    [
      { ratio: 0.5, interval_ms: 600_000 },
      { ratio: 1, interval_ms: null },
    ],
    'ABORT',
  )
  const ada = await world.signedIn()
  const { page } = ada
  await ada.open(`/rollouts/${rollout.id}`)
  await rollout.start()
  await rollout.visitUntil(['ABORTED'], 6)
  await page
    .getByRole('heading', { name: 'Why it was stopped' })
    .or(page.getByText('Why it was stopped'))
    .first()
    .waitFor({ timeout: 10_000 })
  await page
    .getByText(/shows harm for on/)
    .first()
    .waitFor()
  await page.getByText('everybody gets the control again').first().waitFor()
  await ada.leave()
})
