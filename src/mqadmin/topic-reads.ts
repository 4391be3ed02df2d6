import { topicRouteData } from '../codec/bodies/route.ts';
import { encodeBodyText } from '../codec/bodies/schema.ts';
import type { Call, Output } from './command.ts';

/** Where a topic is, as Java's pretty JSON. Java: TopicRouteSubCommand. */
export async function topicRoute({ admin, options }: Call<'topicRoute'>): Promise<Output> {
  const route = await admin.route(options.topic);
  return { lines: encodeBodyText(topicRouteData, route, { pretty: true }).split('\n'), json: route };
}
