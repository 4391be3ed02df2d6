import { systemClock } from '../src/util/clock.ts';
import { SimNetwork } from './sim-network.ts';
import { netSuite } from './suites/net-suite.ts';

netSuite('SimNetwork', new SimNetwork({ clock: systemClock }));
