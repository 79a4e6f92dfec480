import { expect, test } from 'vitest'
import { World } from './world'

/** What a product manager who never saw the system does in the first hour; each journey goes on from the one before. */
const world = World.forThisFile('--demo')
const flag = { name: 'Gift wrapping', key: 'gift-wrapping' }

/** What an application in production gets for somebody with this plan. */
const served = async (plan: string) =>
  (await world.server.evaluate('production', flag.key, { targetingKey: 'ada', plan })).variant

/** The address of the targeting editor of the flag in production. */
async function targeting(): Promise<string> {
  const { data } = await world.server.ask<{ data: { id: string }[] }>('GET', `/api/v2/feature-flags?key=${flag.key}`)
  return `/flags/${data[0]?.id}/environments/${world.server.environment('production')}`
}

test('a flag with a rule is created', async () => {
  const mia = await world.signedIn()
  const { page } = mia
  await mia.open('/flags')
  await page.getByRole('link', { name: 'New flag' }).click()
  await page.getByRole('radio', { name: /^Blank/ }).click({ force: true })
  await page.getByRole('textbox', { name: 'Name', exact: true }).first().fill(flag.name)
  await page.getByRole('button', { name: 'Create the flag' }).click()
  await page.getByRole('heading', { level: 1, name: flag.name }).waitFor()

  await mia.open(await targeting())
  await page.getByRole('switch', { name: 'Flag on or off in this environment' }).setChecked(true, { force: true })
  await page.getByRole('button', { name: 'Add an allocation' }).click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Beta testers')
  await page
    .getByLabel(/^Attribute, /)
    .first()
    .fill('plan')
  await page.keyboard.press('Escape')
  await page
    .getByLabel(/^Value, /)
    .first()
    .fill('beta')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Save…' }).click()
  const review = page.getByRole('dialog')
  await review.getByRole('region', { name: 'What changes' }).getByText('Beta testers').first().waitFor()
  await review.getByRole('button', { name: 'Save in production' }).click()
  await expect.poll(() => served('beta')).toBe('on')
  expect(await served('free')).toBe('off')
  await mia.leave()
})

test('it is ramped up for everybody else', async () => {
  const mia = await world.signedIn()
  const { page } = mia
  await mia.open(await targeting())
  await page.getByRole('button', { name: 'Add an allocation' }).click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).last().fill('Everybody else')
  await page.getByRole('button', { name: 'Remove condition 1 of rule 1' }).last().click()
  await page.getByText('Ramp', { exact: true }).last().click()
  await page.getByRole('radio', { name: 'As soon as it is saved and the flag is on' }).check()
  await page.getByRole('button', { name: 'Save…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Save in production' }).click()
  const rollouts = async () =>
    (await world.server.ask<{ data: { flag: { key: string }; status: string }[] }>('GET', '/api/v1/rollouts')).data
  await expect
    .poll(async () => (await rollouts()).filter(one => one.flag.key === flag.key).map(({ status }) => status))
    .toEqual(['RUNNING'])
  await mia.open('/rollouts')
  await page.getByRole('link', { name: flag.name }).click()
  await page.getByRole('heading', { level: 1 }).getByText(flag.name).waitFor()
  await page.getByText('Running').first().waitFor()
  await mia.leave()
})

test('why somebody got a variant is explained, allocation by allocation', async () => {
  const mia = await world.signedIn()
  const { page } = mia
  const context = encodeURIComponent(JSON.stringify({ targetingKey: 'ada', plan: 'free' }))
  await mia.open(`/playground?environment=production&flag=${flag.key}&context=${context}`)
  const steps = page.getByRole('list', { name: 'Allocations in the order of evaluation' })
  await steps.getByText('Beta testers').waitFor()
  await steps.getByText('plan').first().waitFor()
  await steps.getByText('Everybody else').waitFor()
  await mia.leave()
})

test('a change of somebody else is approved', async () => {
  const production = world.server.environment('production')
  await world.server.ask('PUT', `/api/v2/feature-flags/environments/${production}`, {
    data: { type: 'environments', attributes: { require_feature_flag_approval: true } },
  })
  const grace = await world.server.addPerson('grace@example.com', 'Grace Hopper', 'editor')
  const asking = await world.signedIn(grace)
  await asking.open('/flags?search=gift')
  await asking.page.getByRole('switch', { name: `${flag.name} in Production` }).click({ force: true })
  await asking.page.getByRole('dialog').getByRole('button', { name: 'Ask for approval' }).click()
  await asking.page.getByRole('dialog').getByText('waits for an approval').first().waitFor()
  expect(await served('beta')).toBe('on')
  await asking.leave()

  const mia = await world.signedIn()
  await mia.open('/approvals')
  await mia.page.getByRole('link', { name: 'Disables the flag' }).click()
  await mia.page.getByRole('button', { name: 'Approve and apply' }).click()
  await mia.page.getByRole('dialog').getByRole('button', { name: 'Approve and apply' }).click()
  await mia.page.getByText('applied it').waitFor()
  // Off, applications use the default in their code.
  expect(await served('beta')).toBeNull()
  await mia.leave()
})

test('a change is taken back from the history', async () => {
  const mia = await world.signedIn()
  const { page } = mia
  await mia.open('/history')
  await page
    .getByRole('button', { name: /disabled gift-wrapping/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Revert…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Why' }).fill('It sells.')
  await dialog.getByRole('button', { name: 'Revert', exact: true }).click()
  await expect.poll(() => served('beta')).toBe('on')
  await page.getByText('It sells.').first().waitFor()
  await mia.leave()
})
