import { answerChime } from './chime.ts';

answerChime();
