import { describe, expect, it } from 'vitest'
import type { FlagPage } from '~/api/flag-list'
import { switchedInPages } from './switching'

const page = (...ids: string[]) =>
  ({
    data: ids.map(id => ({
      id,
      environments: [
        { environment_id: 'dev', status: 'DISABLED' },
        { environment_id: 'prod', status: 'DISABLED' },
      ],
    })),
    next_cursor: null,
    total_count: 3,
  }) as unknown as FlagPage

describe('a switch that is shown at once', () => {
  const before = { pages: [page('a', 'b'), page('c')], pageParams: [] }
  const after = switchedInPages(before, 'b', 'dev', true)
  it('changes one flag in one environment', () => {
    expect(after.pages[0]?.data[1]?.environments.map(({ status }) => status)).toEqual(['ENABLED', 'DISABLED'])
    expect(after.pages[0]?.data[0]).toBe(before.pages[0]?.data[0])
  })
  it('leaves other pages the objects that they were, so that nothing else is drawn anew', () => {
    expect(after.pages[1]).toBe(before.pages[1])
  })
})
