import { invalidParameter } from '../../errors.ts'
import { parseFilterPattern } from '../../logs/filter-pattern.ts'
import { filterStreams } from '../../logs/filter-streams.ts'
import { findGroup } from '../../logs/find-group.ts'
import { shownSince } from '../../logs/log-group.ts'
import { groupIdentifierShape, groupNameShape, limitShape, streamNameShape } from '../../logs/log-shapes.ts'
import { operation } from '../../operation.ts'
import { cursorOf, pageToken } from '../../wire/page-token.ts'
import { flag, list, long, structure, text } from '../../wire/shape.ts'

const input = structure({
  logGroupName: groupNameShape,
  logGroupIdentifier: groupIdentifierShape,
  logStreamNames: list(streamNameShape),
  logStreamNamePrefix: streamNameShape,
  startTime: long,
  endTime: long,
  filterPattern: text,
  nextToken: text,
  limit: limitShape(10_000),
  interleaved: flag,
  unmask: flag,
})

/** Events of many streams in order of time. `aws logs tail` follows with it, by start time and event ids. */
export const filterLogEvents = operation('FilterLogEvents', input, async (call, given) => {
  if (given.logStreamNames && given.logStreamNamePrefix !== undefined)
    throw invalidParameter('logStreamNamePrefix and logStreamNames are mutually exclusive parameters.')
  if ((given.logStreamNames?.length ?? 0) > 100) throw invalidParameter('logStreamNames can have at most 100 items.')
  const matches = parseFilterPattern(given.filterPattern)
  const after = cursorOf('events', given.nextToken)
  const group = await findGroup(call, given)
  const { events, next } = await filterStreams(call, {
    group: group.name,
    matches,
    limit: given.limit ?? 10_000,
    since: shownSince(group, call.engine.now(), given.startTime) ?? 0,
    ...(given.endTime !== undefined && { until: given.endTime }),
    ...(given.logStreamNames && { names: given.logStreamNames }),
    ...(given.logStreamNamePrefix !== undefined && { prefix: given.logStreamNamePrefix }),
    ...(after !== undefined && { after }),
  })
  return { events, searchedLogStreams: [], ...(next !== undefined && { nextToken: pageToken('events', next) }) }
})
