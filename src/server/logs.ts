import { join } from 'node:path'
import { SegmentLogStore } from '../logs/segment-log-store.ts'
import type { Configuration } from './configuration.ts'

export const logDirectoryOf = (c: Configuration): string => join(c.dataDirectory, 'logs')

/** Microseconds of the wall clock, for log lines. */
const microsNow = (): number => Date.now() * 1000

export const openLogs = (c: Configuration): Promise<SegmentLogStore> =>
  SegmentLogStore.open({
    directory: logDirectoryOf(c),
    now: microsNow,
    maxAgeMs: c.logRetentionMs,
    maxBytes: c.logBytes,
  })
