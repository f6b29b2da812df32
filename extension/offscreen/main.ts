import { answerCapture } from '../capture/offscreen.ts';
import { answerChime } from './chime.ts';

answerChime();
answerCapture();
