// What the app says to a person when it does not do what was asked: a status and a sentence that may be shown.
import OpenAI from 'openai';

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// The sentence for whatever went wrong between us and the model server. Details go to the log, never to the browser.
export function kindly(error) {
  if (error instanceof Refused) return error;
  if (error instanceof OpenAI.APIConnectionError) return new Refused(502, 'The model cannot be reached right now. Please try again in a moment.');
  if (error instanceof OpenAI.RateLimitError || error?.status === 503) return new Refused(503, 'Many people are talking to the model right now. Please try again in a moment.');
  if (error instanceof OpenAI.AuthenticationError || error instanceof OpenAI.PermissionDeniedError) return new Refused(502, 'This chat is not set up correctly yet. Please tell whoever runs it.');
  if (error?.code === 'context_length_exceeded') return new Refused(400, 'This chat has become too long for the model. Please start a new one.');
  if (error instanceof OpenAI.APIError) return new Refused(502, 'The model could not answer this. Please try again, or say it differently.');
  return new Refused(500, 'Something went wrong on our side. Please try again.');
}
