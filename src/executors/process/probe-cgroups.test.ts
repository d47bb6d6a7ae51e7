import { expect, it } from 'vitest'
import { treeOf } from './probe-cgroups.ts'

it.each([
  ['/system.slice/taskport.service/taskport-server', '/system.slice/taskport.service'],
  ['/system.slice/taskport.service', '/system.slice/taskport.service'],
  ['/user.slice/session-1.scope', '/user.slice/session-1.scope'],
  ['/elsewhere/taskport-server', '/elsewhere/taskport-server'],
  ['/', '/'],
])('of %s the tree %s is ours to share out', (own, tree) => expect(treeOf(own)).toBe(tree))
