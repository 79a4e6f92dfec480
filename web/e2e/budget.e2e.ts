import { readFile, stat } from 'node:fs/promises'
import { expect, test } from 'vitest'

/** What a first visit may weigh, compressed as the server sends it. */
const FIRST_LOAD_MAX_BYTES = 250_000

interface Chunk {
  file: string
  isEntry?: boolean
  imports?: string[]
  css?: string[]
}

/** Everything that is fetched before the page of this source file shows: files and what they import at once. */
function fetchedFor(manifest: Record<string, Chunk>, page: string): Set<string> {
  const files = new Set<string>()
  const visit = (name: string) => {
    const chunk = manifest[name]
    if (chunk === undefined || files.has(chunk.file)) return
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file)
    for (const imported of chunk.imports ?? []) visit(imported)
  }
  visit('index.html')
  visit(page)
  return files
}

async function weight(file: string, suffix: string): Promise<number> {
  const path = new URL(`../dist/${file}`, import.meta.url)
  // Small files are not compressed.
  const found = await stat(new URL(`${path.href}${suffix}`)).catch(() => stat(path))
  return found.size
}

test.each(['src/pages/flags/list.tsx', 'src/pages/sign-in/page.tsx', 'src/pages/rollouts/page.tsx'])(
  'a first visit to %s stays within its budget',
  async page => {
    const manifest = JSON.parse(
      await readFile(new URL('../dist/.vite/manifest.json', import.meta.url), 'utf8'),
    ) as Record<string, Chunk>
    const files = [...fetchedFor(manifest, page), 'index.html']
    expect(files.length).toBeGreaterThan(2)
    for (const suffix of ['.br', '.gz']) {
      const weights = await Promise.all(files.map(file => weight(file, suffix)))
      const total = weights.reduce((sum, bytes) => sum + bytes, 0)
      console.log(`${page} ${suffix} ${total} bytes in ${files.length} files`)
      expect(total, `${suffix}: ${files.map((file, at) => `${file} ${weights[at]}`).join(', ')}`).toBeLessThanOrEqual(
        FIRST_LOAD_MAX_BYTES,
      )
    }
  },
)
