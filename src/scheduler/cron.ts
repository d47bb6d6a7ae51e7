/** All about schedules that others need. */
export { checkSchedule } from './check-schedule.ts'
export { dueTimes } from './due-times.ts'
export { type CronTimes, lastFire, nextFire } from './fire-times.ts'
export { decideOverlap, type OverlapDecision } from './overlap.ts'
