import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const SOURCES = join(import.meta.dirname, '..')
const STYLES = join(SOURCES, '../node_modules/@mantine/core/styles')

/** Names of everything that the sources import from the component library. */
function imported(): Set<string> {
  const names = new Set<string>()
  for (const file of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(file)) continue
    const source = readFileSync(join(SOURCES, file), 'utf8')
    for (const [, list = ''] of source.matchAll(/import (?:type )?\{([^}]*)\} from '@mantine\/core'/g)) {
      for (const name of list.split(',')) names.add(name.trim().replace(/^type /, ''))
    }
  }
  return names
}

test('every component that is used has its styles', () => {
  const styles = readFileSync(join(SOURCES, 'app/mantine.css'), 'utf8')
  const used = [...imported()].filter(name => name !== '' && existsSync(join(STYLES, `${name}.css`)))
  expect(used).toContain('Button')
  expect(used.filter(name => !styles.includes(`/${name}.css`))).toEqual([])
})
