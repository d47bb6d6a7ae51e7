import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { importedBy } from './built-in-program.ts'

let root: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'taskport-roots-')))
})
afterEach(() => rmSync(root, { recursive: true }))

const made = (path: string): string => {
  mkdirSync(join(root, path), { recursive: true })
  return join(root, path)
}

test('a clone holds what it imports', () => {
  made('clone/node_modules')
  expect(importedBy(join(root, 'clone'))).toEqual([join(root, 'clone')])
})

test('a clone whose node_modules are a link is shown with where it leads', () => {
  made('clone')
  symlinkSync(made('elsewhere/node_modules'), join(root, 'clone/node_modules'))
  expect(importedBy(join(root, 'clone'))).toEqual([join(root, 'clone'), join(root, 'elsewhere/node_modules')])
})

test.each(['node_modules/taskport', 'node_modules/.pnpm/taskport@1/node_modules/taskport'])(
  'installed as %s it is shown with its dependencies, which lie beside it',
  (path) => expect(importedBy(made(path))).toEqual([join(root, 'node_modules')]),
)
