import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { objectStoreConformance } from './conformance.ts'
import { FileObjectStore } from './file-object-store.ts'

objectStoreConformance('files', () => FileObjectStore.open(mkdtempSync(join(tmpdir(), 'taskport-objects-'))))
