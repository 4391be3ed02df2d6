import { netSuite } from '../../testing/suites/net-suite.ts';
import { nodeNet } from './node-net.ts';

netSuite('nodeNet', nodeNet);
