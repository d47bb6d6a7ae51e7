import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** A layer is the longest of these paths that a file lies under; it may import itself and what is named. */
const LAYERS: Readonly<Record<string, readonly string[] | 'everything'>> = {
  'src/core': [],
  'src/scheduler': ['src/core'],
  'src/engine': ['src/core', 'src/scheduler'],
  'src/executors': ['src/core'],
  'src/store': ['src/core'],
  'src/logs': ['src/core'],
  'src/objects': ['src/core'],
  'src/media': ['src/core'],
  'src/build': ['src/core'],
  'src/workspaces': ['src/core'],
  'src/faces/kit': ['src/engine', 'src/core'],
  'src/faces/*': ['src/engine', 'src/core', 'src/faces/kit'],
  'src/faces/cloudfoundry': ['src/engine', 'src/core', 'src/faces/kit', 'src/build'],
  'src/faces/upsun': ['src/engine', 'src/core', 'src/faces/kit', 'src/build'],
  'src/faces/livepeer': ['src/engine', 'src/core', 'src/faces/kit', 'src/media'],
  'src/faces/ona': ['src/engine', 'src/core', 'src/faces/kit', 'src/workspaces'],
  'src/server': 'everything',
  'src/cli': [],
  test: 'everything',
  bench: 'everything',
  scripts: 'everything',
}

/** What the CLI may load of the server, and only when a command runs: `import()`. */
const SERVER_ENTRIES = ['configuration', 'server', 'server-file', 'environment', 'doctor'].map(
  (name) => `src/server/${name}.ts`,
)

const FORBIDDEN_FOLDERS = ['utils', 'common', 'types', 'helpers', 'models']
const PURE_LAYERS = ['src/core', 'src/scheduler', 'src/engine']
const IMPURE = /Date\.now|new Date\(|Math\.random|randomUUID|setTimeout/
const VENDOR_WORDS = /\b(ecs|fargate|cloud ?foundry|cloudfoundry|gitpod|ona|upsun|livepeer|aws)\b/i
const MAXIMUM_LINES = 400

interface Import {
  readonly from: string
  readonly to: string
  readonly dynamic: boolean
}

function* filesUnder(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) yield* filesUnder(path)
    else if (/\.(ts|mjs)$/.test(entry.name)) yield path
  }
}

const sources = ['src', 'test', 'bench', 'scripts']
  .filter((folder) => statSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory())
  .flatMap((folder) => [...filesUnder(folder)])
const written = sources.filter((path) => !path.endsWith('.gen.ts') && !path.includes('/gen/'))
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')
const isTest = (path: string): boolean => /\.test\.ts$|(^|\/)conformance[^/]*\.ts$/.test(path)

const STATIC_IMPORT = /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"](\.[^'"]+)['"]|^\s*import\s*['"](\.[^'"]+)['"]/gm
const DYNAMIC_IMPORT = /\bimport\(\s*['"](\.[^'"]+)['"]/g

function importsOf(path: string): readonly Import[] {
  const text = textOf(path)
  const found = (pattern: RegExp, dynamic: boolean): Import[] =>
    [...text.matchAll(pattern)].map((match) => {
      const target = resolve(root, dirname(path), (match[1] ?? match[2])!)
      return { from: path, to: relative(root, target), dynamic }
    })
  return [...found(STATIC_IMPORT, false), ...found(DYNAMIC_IMPORT, true)]
}

/** `src/faces/ecs` for any face, so that one face never imports another. */
function layerOf(path: string): string {
  const face = /^src\/faces\/[^/]+/.exec(path)
  if (face) return face[0]
  return Object.keys(LAYERS).find((layer) => path === layer || path.startsWith(`${layer}/`)) ?? 'none'
}

function mayImport({ from, to, dynamic }: Import): boolean {
  const layer = layerOf(from)
  if (layerOf(to) === layer) return true
  if (layer === 'src/cli' && SERVER_ENTRIES.includes(to)) return dynamic
  // A layer's tests drive real neighbours; only the server stays out of reach, so that none is proven by its wiring.
  if (isTest(from) && layer.startsWith('src/')) return layerOf(to) !== 'src/server'
  const allowed = LAYERS[layer] ?? (layer.startsWith('src/faces/') ? LAYERS['src/faces/*'] : undefined)
  return allowed === 'everything' || (allowed?.includes(layerOf(to)) ?? false)
}

describe('the architecture', () => {
  test('every source file lies in a layer of the table', () => {
    expect(written.filter((path) => layerOf(path) === 'none')).toEqual([])
  })

  test('imports follow the table', () => {
    const wrong = sources.flatMap(importsOf).filter((i) => !mayImport(i))
    expect(wrong.map((i) => `${i.from} → ${i.to}`)).toEqual([])
  })

  test('core, scheduler and engine read no clock, chance or timer', () => {
    expect(linesOfPureLayers(IMPURE)).toEqual([])
  })

  test("core, scheduler and engine know no vendor's word", () => {
    expect(linesOfPureLayers(VENDOR_WORDS)).toEqual([])
  })

  test(`no source file is longer than ${MAXIMUM_LINES} lines`, () => {
    const long = written.filter((path) => textOf(path).split('\n').length - 1 > MAXIMUM_LINES)
    expect(long).toEqual([])
  })

  test('every folder says what is in it', () => {
    const vague = new Set(
      written.filter((p) =>
        dirname(p)
          .split('/')
          .some((part) => FORBIDDEN_FOLDERS.includes(part)),
      ),
    )
    expect([...vague]).toEqual([])
  })

  test('the scan finds the imports it is there to judge', () => {
    const found = importsOf('test/layers.test.ts')
    expect(found).toEqual([])
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(sources.length / 2)
    expect(mayImport({ from: 'src/core/a.ts', to: 'src/engine/b.ts', dynamic: false })).toBe(false)
    expect(mayImport({ from: 'src/faces/ecs/a.ts', to: 'src/faces/upsun/b.ts', dynamic: false })).toBe(false)
    expect(mayImport({ from: 'src/cli/a.ts', to: 'src/server/server.ts', dynamic: false })).toBe(false)
    expect(mayImport({ from: 'src/cli/a.ts', to: 'src/server/server.ts', dynamic: true })).toBe(true)
  })
})

function linesOfPureLayers(pattern: RegExp): readonly string[] {
  const files = written.filter((path) => PURE_LAYERS.includes(layerOf(path)) && !isTest(path))
  return files.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  )
}
