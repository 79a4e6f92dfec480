import { expect, test } from 'vitest'
import { World } from './world'

/** Two people at once. */
const world = World.forThisFile()

test('what one switches shows in the browser of the other within a second', async () => {
  await world.server.makeFlag('shared', 'Shared')
  const [ada, grace] = await Promise.all([world.signedIn(), world.signedIn()])
  await Promise.all([ada.open('/flags'), grace.open('/flags')])
  const there = grace.page.getByRole('switch', { name: 'Shared in Development' })
  await there.waitFor()
  await grace.page.getByText('Live', { exact: true }).waitFor()
  expect(await there.isChecked()).toBe(false)
  await ada.page.getByRole('switch', { name: 'Shared in Development' }).click({ force: true })
  const began = Date.now()
  await expect.poll(() => there.isChecked(), { interval: 20, timeout: 10_000 }).toBe(true)
  console.log(`seen elsewhere after ${Date.now() - began} ms`)
  await Promise.all([ada.leave(), grace.leave()])
})

test('who saves after somebody else sees both changes, and overwrites nothing', async () => {
  const flagId = await world.server.makeFlag('contested', 'Contested')
  const environment = world.server.environment('development')
  const place = `/flags/${flagId}/environments/${environment}`
  const ada = await world.signedIn()
  const { page } = ada
  await ada.open(place)
  await page.getByRole('button', { name: 'Add an allocation' }).click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Of Ada')
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

  const attributes = {
    key: 'of-grace',
    name: 'Of Grace',
    type: 'FEATURE_GATE',
    targeting_rules: [{ conditions: [{ attribute: 'plan', operator: 'ONE_OF', value: ['staff'] }] }],
    variant_weights: [{ variant_key: 'on', value: 100 }],
  }
  await world.server.ask('PUT', `/api/v2/feature-flags/${flagId}/environments/${environment}/allocations`, {
    data: [{ type: 'allocations', attributes }],
  })
  const conflict = page.getByRole('alert').filter({ hasText: 'changed this meanwhile' })
  await conflict.getByText('Of Grace').first().waitFor()
  await conflict.getByRole('button', { name: 'Put mine on top of theirs' }).click()
  await page.getByRole('button', { name: 'Save…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click()
  interface Shown {
    data: {
      attributes: {
        feature_flag_environments: { environment_id: string; allocations: Record<string, { name: string }> }[]
      }
    }
  }
  const names = async () => {
    const { data } = await world.server.ask<Shown>('GET', `/api/v2/feature-flags/${flagId}`)
    const entry = data.attributes.feature_flag_environments.find(entry => entry.environment_id === environment)
    return Object.values(entry?.allocations ?? {})
      .map(({ name }) => name)
      .sort()
  }
  await expect.poll(names).toEqual(['Of Ada', 'Of Grace'])
  await ada.leave()
})

test('what a role does not allow is disabled, and says why', async () => {
  const flagId = await world.server.makeFlag('looked-at', 'Looked at')
  const viewer = await world.signedIn(await world.server.addPerson('vic@example.com', 'Vic Viewer', 'viewer'))
  const { page } = viewer
  await viewer.open('/flags')
  expect(await page.getByRole('switch', { name: 'Looked at in Development' }).isDisabled()).toBe(true)
  for (const path of [
    `/flags/${flagId}`,
    `/flags/${flagId}/environments/${world.server.environment('production')}`,
    '/rollouts',
    '/history',
    '/approvals',
    '/people',
    '/keys',
    '/webhooks',
    '/metrics',
    '/saved-filters',
    '/environments',
    '/cleanup',
    '/connections',
    '/account',
  ]) {
    await viewer.open(path)
    await viewer.settled()
  }
  // No page asked for what it may not have: every refusal counts as a fault.
  await viewer.leave()
})
