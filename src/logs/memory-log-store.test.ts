import { logStoreConformance } from './conformance.ts'
import { MemoryLogStore } from './memory-log-store.ts'

logStoreConformance('MemoryLogStore', async (now) => {
  const store = new MemoryLogStore({ now })
  return { store, writer: store.writer, deliver: () => void store.writer.flush(), close: () => store.close() }
})
