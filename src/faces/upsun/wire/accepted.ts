/** What every change is answered with (reference §1.1, AcceptedResponse). */
export const accepted = (activities: readonly object[], entity?: object): object => ({
  status: 'created',
  code: 202,
  _embedded: { activities, ...(entity && { entity }) },
})
