import { Part } from './part';
class LessonPage extends Part {}
customElements.define('porthole-lesson', LessonPage);
